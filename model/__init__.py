"""The networks and everything needed to run them: text, tokenizer, classifier, predictor, engine."""
