"""家族図: a household's family on a day, as an SVG in Japanese genogram notation; pure functions, no database."""
