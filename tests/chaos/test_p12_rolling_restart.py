"""P12: restarting one program after the other under load loses nothing and refuses nobody."""
from bench import oracle
from bench.load import Load, ingests, workers
from bench.settings import both_databases, figure
from harness import wait


@both_databases
def test_p12_rolling_restart(stack, redis, report):
    front, back = ingests(stack, 2), workers(stack, 2)
    load = Load(front, count=figure(9000, 600000), rate=figure(1000, 2000))
    load.sender.wait_answered(500)
    restarts = 0
    while load.sender.is_sending():
        for program in front + back:
            assert program.stop() == 0, program.log()[-3000:]
            program.start()
            program.wait_ready()
            restarts += 1
            calm = wait.Pause(0.2)
            wait.until(calm.is_over, 5, "a moment of calm")
            if not load.sender.is_sending():
                break
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert load.sender.counter("most_attempts") <= 2, f"refused after the first retry: {load.sender}"
    assert load.sender.counter("no_connection") == 0, f"nobody listened: {load.sender}"
    assert restarts >= 8
    report(verdict, load.sender, restarts=restarts)
