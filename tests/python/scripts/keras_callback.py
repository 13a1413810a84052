# A Keras callback that logs every epoch, and a plot of the curve.
import argparse
import os

import keras
import matplotlib.pyplot as plt
from azureml.core import Run
from keras.callbacks import Callback

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder", type=str, dest="data_folder", help="data folder mounting point")
parser.add_argument("--batch-size", type=int, dest="batch_size", default=50)
parser.add_argument("--first-layer-neurons", type=int, dest="n_hidden_1", default=100)
parser.add_argument("--learning-rate", type=float, dest="learning_rate", default=0.001)
args = parser.parse_args()

print("training dataset is stored here:", os.path.join(args.data_folder, "mnist"))
run = Run.get_context()


class LogRunMetrics(Callback):
    def on_epoch_end(self, epoch, log):
        run.log("Loss", log["val_loss"])
        run.log("Accuracy", log["val_accuracy"])


history = keras.fit(epochs=3, callbacks=[LogRunMetrics()])
run.log("Final test loss", history["val_loss"][-1])
print("Test loss:", history["val_loss"][-1])
plt.figure(figsize=(6, 3))
plt.plot(history["val_loss"], "r", label="loss")
run.log_image("Accuracy vs Loss", plot=plt)
os.makedirs("./outputs/model", exist_ok=True)
keras.save("./outputs/model/model.json")
