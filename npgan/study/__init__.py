"""What is done with a trained model: evaluation, latent space, anomalies, attacks, pictures of a model."""
