"""When: the hours in which somebody wants to be told, and what happens again and again."""
