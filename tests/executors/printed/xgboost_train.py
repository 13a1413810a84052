import xgboost
from sklearn.datasets import make_classification

X, y = make_classification(400, random_state=0)
train, valid = xgboost.DMatrix(X[:300], y[:300]), xgboost.DMatrix(X[300:], y[300:])
xgboost.train({"objective": "binary:logistic", "eval_metric": ["logloss", "error"]}, train, 5,
              evals=[(train, "train"), (valid, "valid")])
