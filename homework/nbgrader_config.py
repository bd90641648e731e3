"""Settings for nbgrader's formgrader, when Jupyter runs in this folder.

Submissions are graded by `nwgrade grade`, in a sandbox. nbgrader's own autograder would run them
here, with your rights, and overwrite the grades: so it does not find them.
"""

c = get_config()  # noqa: F821
c.CourseDirectory.submitted_directory = "submitted-is-for-nwgrade"
