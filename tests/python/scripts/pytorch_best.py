# Logs only when the best value improves; takes 0-dimensional tensors; saves where an argument says.
import argparse
import os

import torch
from azureml.core.run import Run

run = Run.get_context()


def train(epochs, learning_rate, momentum):
    best_acc = 0.0
    for epoch in range(epochs):
        epoch_acc = torch.tensor(1.0 - learning_rate ** (epoch + 1))
        print("val Loss: {:.4f} Acc: {:.4f}".format(epoch, epoch_acc.item()))
        run.log("val_loss", torch.tensor(0.5), step=epoch)
        if epoch_acc.item() > best_acc:
            best_acc = epoch_acc.item()
            run.log("best_val_acc", float(best_acc))
    return best_acc


parser = argparse.ArgumentParser()
parser.add_argument("--num_epochs", type=int, default=3)
parser.add_argument("--output_dir", type=str, default="outputs")
parser.add_argument("--learning_rate", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.9)
args = parser.parse_args()
best = train(args.num_epochs, args.learning_rate, args.momentum)
os.makedirs(args.output_dir, exist_ok=True)
torch.save({"best": best}, os.path.join(args.output_dir, "model.pt"))
