from sklearn.datasets import make_classification
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.ensemble import GradientBoostingClassifier

X, y = make_classification(400, random_state=0)
MLPClassifier((8,), max_iter=6, random_state=0, verbose=True).fit(X, y)
SGDClassifier(max_iter=3, tol=None, random_state=0, verbose=1).fit(X, y)
GradientBoostingClassifier(n_estimators=4, random_state=0, verbose=2).fit(X, y)
