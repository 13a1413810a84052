"""Sweeps whose scripts report to TensorBoard and to nothing else."""
import importlib.util
import sys
import unittest

from harness import WorkspaceTest

# Writes event files without any library: what they hold is one float a record.
OWN_WRITER = """
    import os, struct
    def crc32c(data):
        crc = 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        crc ^= 0xFFFFFFFF
        return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)
    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data
    class SummaryWriter:
        def __init__(self, folder):
            os.makedirs(folder, exist_ok=True)
            self.file = open(os.path.join(folder, "events.out.tfevents.1700000000.host"), "ab")
        def add_scalar(self, tag, value, step):
            summary = field(1, field(1, tag.encode()) + b"\\x15" + struct.pack("<f", value))
            event = b"\\x09" + struct.pack("<d", 1700000000.5 + step) + b"\\x10" + bytes([step]) + field(5, summary)
            length = struct.pack("<Q", len(event))
            self.file.write(length + crc32c(length) + event + crc32c(event))
        def flush(self):
            self.file.flush()
"""

TRAIN = """
import argparse, time
%s
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
writer = SummaryWriter("logs/train")
for step in range(100):
    writer.add_scalar("accuracy", arguments.x + step / 1000, step)
    writer.add_scalar("loss", 1 / (1 + step), step)
    writer.flush()
    if arguments.x == 10 and step == 20:
        break
    time.sleep(0.2)
"""


def dedented(text):
    return "\n".join(line[4:] if line.startswith("    ") else line for line in text.splitlines())


class EventFiles(WorkspaceTest):
    def check(self, writer):
        self.write("train.py", TRAIN % writer)
        self.write_hdconfig(
            {"--x": ["choice", [10, 1]]},
            policy={"type": "BanditPolicy", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2},
            concurrent=1, primary_metric_name="train/accuracy")
        run = self.sweep("train.py")
        self.assertEqual(run["status"], "Completed", str(self.last))
        # The poor one would go on for twenty seconds.
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 1})
        best = self.run_hdrive("run", "best", "-r", run["runId"], "-o", "json").json()
        self.assertEqual(best["hyperparameters"], {"--x": 10})
        self.assertAlmostEqual(best["bestPrimaryMetric"], 10.02, places=5)
        points = self.run_hdrive("run", "metrics", "-r", best["runId"], "-o", "json").json()
        accuracy = [point for point in points if point["name"] == "train/accuracy"]
        self.assertEqual([point["step"] for point in accuracy], list(range(21)))
        self.assertEqual(len([point for point in points if point["name"] == "train/loss"]), 21)

    def test_scalars_steer_a_sweep(self):
        self.check(dedented(OWN_WRITER))

    @unittest.skipUnless(importlib.util.find_spec("tensorboardX"), "needs the package tensorboardX")
    def test_tensorboardx_steers_a_sweep(self):
        # By its own path: through a link it would not know its virtual environment.
        self.write_runconfig("local", interpreter=sys.executable)
        self.check("from tensorboardX import SummaryWriter")

    def test_files_of_the_snapshot_are_not_heard(self):
        self.write("train.py", """
            import os
            assert os.listdir("logs/train") == ["events.out.tfevents.1700000000.host"]
            print("score=1")
            """)
        self.write("make.py", dedented(OWN_WRITER) + "\nwriter = SummaryWriter('logs/train')\n"
                   "writer.add_scalar('score', 5, 1)\nwriter.flush()\n")
        exec(compile(self.read("make.py").replace("logs/train", self.project + "/logs/train"), "make.py", "exec"), {})
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        self.assertEqual(self.children(run["runId"])[0]["best_primary_metric"], 1)
        points = self.run_hdrive("run", "metrics", "-r", run["runId"] + "_0", "-o", "json").json()
        self.assertEqual([point["name"] for point in points], ["score"])


if __name__ == "__main__":
    unittest.main()
