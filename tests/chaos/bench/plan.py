"""What a sender sends: numbered user events whose right outcome is known beforehand."""
import random

BASE_MS = 1790000000000
PADDING = "x" * 300


class Plan:
    """count events about a number of users; event i was made i ms after the first one, so the highest number wins."""

    def __init__(self, seed, count, users=200, prefix="p"):
        self.count = count
        self.prefix = prefix
        dice = random.Random(f"plan {seed}")
        self.user_of = [dice.randrange(users) for _ in range(count)]

    def svix_id(self, i):
        return f"msg_{self.prefix}{i}"

    def number(self, svix_id):
        """The inverse of svix_id(); None for an id that is not ours."""
        head = f"msg_{self.prefix}"
        return int(svix_id[len(head):]) if svix_id.startswith(head) and svix_id[len(head):].isdigit() else None

    def clerk_id(self, i):
        return f"user_{self.prefix}{self.user_of[i]}"

    def body(self, i):
        at = BASE_MS + i
        return (f'{{"data":{{"id":"{self.clerk_id(i)}","object":"user","created_at":{BASE_MS},"updated_at":{at},"first_name":"v{i}",'
                f'"public_metadata":{{"padding":"{PADDING}"}},"email_addresses":[],"phone_numbers":[]}},"object":"event",'
                f'"type":"user.updated","timestamp":{at},"instance_id":"ins_chaos"}}').encode()

    def final(self, numbers):
        """clerk_id -> (first_name, event_at) after the events of these numbers, in whatever order."""
        newest = {}
        for i in numbers:
            clerk_id = self.clerk_id(i)
            if i > newest.get(clerk_id, -1):
                newest[clerk_id] = i
        return {clerk_id: (f"v{i}", BASE_MS + i) for clerk_id, i in newest.items()}
