import numpy
import pandas
from fastai.tabular.all import Categorify, CategoryBlock, TabularDataLoaders, accuracy, set_seed, tabular_learner

set_seed(0)
frame = pandas.DataFrame(numpy.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
frame["kind"], frame["y"] = "x", (frame.a > 0).astype(str)
data = TabularDataLoaders.from_df(frame, procs=[Categorify], cat_names=["kind"],
                                  cont_names=list("abc"), y_names="y", y_block=CategoryBlock(),
                                  bs=32, seed=0)
tabular_learner(data, layers=[8], metrics=accuracy).fit(3)
