import lightgbm
from sklearn.datasets import make_classification

X, y = make_classification(400, random_state=0)
train = lightgbm.Dataset(X[:300], y[:300])
lightgbm.train({"objective": "binary", "metric": ["auc", "binary_logloss"]}, train, 5,
               valid_sets=[train, lightgbm.Dataset(X[300:], y[300:], reference=train)],
               valid_names=["train", "valid"], callbacks=[lightgbm.log_evaluation(1)])
