"""P19: secrets rotate under load without one refused delivery: old, old and new, new."""
import signal

from bench import oracle
from bench.load import Load, ingests
from bench.settings import figure
from harness.signing import OTHER_SECRET, SECRET

OLD, BOTH, NEW = range(3)
STEPS = ((SECRET, OLD), (f"{SECRET} {OTHER_SECRET}", BOTH), (OTHER_SECRET, NEW))


def test_p19_secret_rotation(stack, redis, tmp_path, report):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    front = ingests(stack, 2, CLERK_WEBHOOK_SIGNING_SECRET="", CLERK_WEBHOOK_SIGNING_SECRET_FILE=file)
    stack.worker()
    rounds = figure(3, 100)
    load = Load(front, count=rounds * 3500, rate=1000, secret_choices=((SECRET,), (SECRET, OTHER_SECRET), (OTHER_SECRET,)))
    sender, reloads = load.sender, 0

    def serve(secrets):
        """Every ingest has read this before the sender signs by it, and signs by it before it is taken away."""
        nonlocal reloads
        file.write_text(secrets)
        reloads += 1
        for program in front:
            program.signal(signal.SIGHUP)
            program.wait_log("event=reloaded", count=reloads)

    def sign(choice):
        sender.key_choice.value = choice
        sender.wait_answered(sender.counter("answered") + 400)

    for n in range(rounds):
        for secrets, choice in (STEPS if n % 2 == 0 else reversed(STEPS)):
            if choice == BOTH:
                serve(secrets)
                sign(BOTH)
                sign(NEW if n % 2 == 0 else OLD)
            else:
                serve(secrets)
                sign(choice)
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert sender.counter("refused") == 0, str(sender)
    report(verdict, sender, reloads=reloads)
