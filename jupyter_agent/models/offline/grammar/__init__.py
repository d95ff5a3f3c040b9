"""Questions about tables: words become spans, spans become one typed query, and what nothing took is a reason not to answer."""
