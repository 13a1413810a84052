"""The little of Keras that the scripts call."""
import sys
import types

callbacks = types.ModuleType("keras.callbacks")
callbacks.Callback = type("Callback", (object,), {})
sys.modules["keras.callbacks"] = callbacks


def fit(epochs, callbacks):
    history = {"val_loss": []}
    for epoch in range(epochs):
        history["val_loss"].append(1.0 / (epoch + 1))
        for callback in callbacks:
            callback.on_epoch_end(epoch, {"val_loss": 1.0 / (epoch + 1), "val_accuracy": epoch / 10.0})
    return history


def save(path):
    open(path, "w").close()


sys.modules[__name__].__path__ = []
