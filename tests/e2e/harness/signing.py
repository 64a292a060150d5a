"""Our own signer for bulk, and the official libraries for proof."""
import base64
import hashlib
import hmac
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SIGNERS = Path(__file__).resolve().parents[1] / "signers"
_numbers = itertools.count(1)


def new_id():
    return f"msg_e2e{next(_numbers):08d}"


def now_s():
    return int(time.time())


def signature(body, svix_id, timestamp, secret=SECRET):
    """One entry of the signature header: v1,<base64>."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{svix_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def headers(body, svix_id=None, timestamp=None, secret=SECRET, prefix="svix"):
    """The three headers of a delivery."""
    svix_id = svix_id or new_id()
    timestamp = now_s() if timestamp is None else timestamp
    return {f"{prefix}-id": svix_id, f"{prefix}-timestamp": str(timestamp),
            f"{prefix}-signature": signature(body, svix_id, timestamp, secret)}


def have_official_signers():
    return bool(shutil.which("node")) and (SIGNERS / "node_modules/svix").is_dir()


def official_signatures(requests):
    """Signatures by the npm packages; requests as tests/e2e/signers/sign.mjs documents them."""
    lines = "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run(["node", str(SIGNERS / "sign.mjs")], input=lines, capture_output=True, text=True, check=True,
                          timeout=30)
    return done.stdout.split("\n")[:-1]
