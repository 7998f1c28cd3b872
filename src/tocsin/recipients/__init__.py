"""Who can be told: people, their destinations and preferences, and the audiences that name them."""
