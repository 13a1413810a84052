import torch
import transformers

transformers.set_seed(0)
config = transformers.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                 intermediate_size=16, vocab_size=32, num_labels=2)
rows = [{"input_ids": torch.randint(0, 32, (8,)), "labels": torch.tensor(i % 2)} for i in range(32)]
arguments = transformers.TrainingArguments("out", num_train_epochs=3, logging_steps=4,
                                           eval_strategy="epoch", save_strategy="no", use_cpu=True,
                                           per_device_train_batch_size=8, report_to=[])
trainer = transformers.Trainer(transformers.BertForSequenceClassification(config), arguments,
                               train_dataset=rows, eval_dataset=rows)
trainer.train()
print(trainer.evaluate())
