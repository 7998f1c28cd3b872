"""Who owns what: organizations, projects, teams, memberships, tokens, and the scope of a reader."""
