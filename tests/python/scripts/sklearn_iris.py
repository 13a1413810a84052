# Logs by keyword and position, text and numbers, and keeps a model in outputs, as tutorials do.
import argparse
import os
import pickle

from azureml.core.run import Run

run = Run.get_context()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", type=str, default="linear", help="Kernel type to be used in the algorithm")
    parser.add_argument("--penalty", type=float, default=1.0, help="Penalty parameter of the error term")
    args = parser.parse_args()
    run.log("Kernel type", str(args.kernel))
    run.log("Penalty", float(args.penalty))

    accuracy = 1.0 / (1.0 + args.penalty)
    print("Accuracy of SVM classifier on test set: {:.2f}".format(accuracy))
    run.log(name="Accuracy", value=float(accuracy))
    run.log_list("Confusion row", [13, 0, 0])
    os.makedirs("outputs", exist_ok=True)
    with open("outputs/model.joblib", "wb") as file:
        pickle.dump({"kernel": args.kernel}, file)


if __name__ == "__main__":
    main()
