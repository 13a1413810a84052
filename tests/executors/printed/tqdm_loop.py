import time

from tqdm import tqdm

for epoch in range(3):
    bar = tqdm(range(20), desc="Epoch %d" % epoch)
    for i in bar:
        time.sleep(0.01)
        bar.set_postfix(loss=1 / (1 + epoch + i / 20), lr=1e-3)
    print("epoch %d val_acc=%.3f" % (epoch, 0.5 + epoch / 10))
