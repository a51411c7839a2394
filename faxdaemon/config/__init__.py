"""The configuration: one YAML file becomes checked settings, or a list of everything that is wrong with it.

`load.load` reads and judges, `paths.find` says which file, `types` says what can be configured.  Inside: `source` keeps
the lines, `secrets` follows references, `explain` and `checks` find the words for mistakes; `schema` and `reference`
tell editors and people what there is.
"""
