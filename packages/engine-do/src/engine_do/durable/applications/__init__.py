"""Where sessions lead: to handlers or an application in the same object, or over a link to the actor that runs one."""
