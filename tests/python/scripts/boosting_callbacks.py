# Callbacks of LightGBM and XGBoost, and the HuggingFace Trainer's, each logging what it is given.
from azureml.core import Run

run = Run.get_context()


class Evaluation(object):
    def __init__(self, iteration):
        self.iteration = iteration
        self.evaluation_result_list = [("valid_0", "auc", 0.5 + iteration / 10.0, True)]


def lightgbm_callback(env):
    for data_name, eval_name, result, is_higher_better in env.evaluation_result_list:
        run.log("%s (%s)" % (eval_name, data_name), result, step=env.iteration)


class XgboostCallback(object):
    def after_iteration(self, model, epoch, evals_log):
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                run.log(name="%s-%s" % (data, metric), value=values[-1])
        return False


class TrainerCallback(object):
    def __init__(self, azureml_run=None):
        self.azureml_run = azureml_run

    def on_init_end(self):
        if self.azureml_run is None:
            self.azureml_run = Run.get_context()

    def on_log(self, logs):
        for k, v in logs.items():
            if isinstance(v, (int, float)):
                self.azureml_run.log(k, v, description=k)


trainer = TrainerCallback()
trainer.on_init_end()
for round in range(3):
    lightgbm_callback(Evaluation(round))
    XgboostCallback().after_iteration(None, round, {"test": {"rmse": [3.0 - round]}})
    trainer.on_log({"eval_loss": 1.0 / (round + 1), "epoch": round, "text": "x"})
