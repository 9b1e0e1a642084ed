"""Callbacks and loops that the tests of training share."""

from npgan.training import Callback, Checkpoints, CSVHistory, Loop, checkpoint


class Recorder(Callback):
    """Remembers the events."""

    def __init__(self):
        self.events = []

    def on_train_begin(self, loop):
        self.events.append("begin")

    def on_step_end(self, loop):
        self.events.append("step")

    def on_log(self, loop):
        self.events.append("log")

    def on_epoch_end(self, loop):
        self.events.append("epoch")

    def on_train_end(self, loop):
        self.events.append("end")


class StopAt(Callback):
    """Stops after a step, as Ctrl-C does."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, loop):
        if loop.step == self.step:
            loop.stop = "test"


def run(make, points, folder, steps, *more, resume=False):
    loop = Loop(
        make(),
        points,
        batch_size=32,
        rng=7,
        callbacks=[*more, CSVHistory(folder / "h.csv"), Checkpoints(folder / "c.safetensors")],
    )
    if resume:
        loop.load_state(*checkpoint.load(folder / "c.safetensors"))
    loop.run(steps=steps)
    return loop


class AtStep(Callback):
    """Does something after a step, or at its row."""

    def __init__(self, **actions):
        self.actions = {int(name[1:]): action for name, action in actions.items()}

    def on_step_end(self, loop):
        self.actions.get(loop.step, lambda: None)()
