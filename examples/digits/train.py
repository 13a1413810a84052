"""Trains a small neural network on scikit-learn's handwritten digits, epoch by epoch.

A script as people wrote them for Azure ML SDK v1: nothing in it knows of hdrive. Run by hand,
it prints what it would log.
"""
import argparse
import os

import joblib
import numpy as np
from azureml.core import Run
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.001, help="step size of Adam")
    parser.add_argument("--hidden", type=int, default=64, help="neurons in the hidden layer")
    parser.add_argument("--alpha", type=float, default=1e-4, help="weight of the L2 penalty")
    parser.add_argument("--activation", choices=["relu", "tanh", "logistic"], default="relu")
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()

    run = Run.get_context()
    pixels, digits = load_digits(return_X_y=True)
    pixels_train, pixels_test, digits_train, digits_test = train_test_split(
        pixels / 16.0, digits, test_size=0.25, random_state=0, stratify=digits
    )
    model = MLPClassifier(
        hidden_layer_sizes=(arguments.hidden,),
        learning_rate_init=arguments.learning_rate,
        alpha=arguments.alpha,
        activation=arguments.activation,
        random_state=0,
    )
    for epoch in range(arguments.epochs):
        model.partial_fit(pixels_train, digits_train, classes=np.arange(10))
        run.log("loss", float(model.loss_))
        run.log("accuracy", float(model.score(pixels_test, digits_test)))

    os.makedirs("outputs", exist_ok=True)
    joblib.dump(model, "outputs/model.joblib")


if __name__ == "__main__":
    main()
