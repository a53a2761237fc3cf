"""Asks a Prometheus every query of a Grafana dashboard, as Grafana would, and prints how many series each returns.

Usage: dashboard_queries.py DASHBOARD PROMETHEUS INSTANCE. Ends with 1 if a query or a variable returns nothing.
"""
import json
import re
import sys
import urllib.parse
import urllib.request


def ask(prometheus, path, **parameters):
    url = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]


def main(dashboard_path, prometheus, instance):
    with open(dashboard_path, encoding="utf-8") as file:
        dashboard = json.load(file)
    values = {"$instance": instance, "$stream": ".*", "$__rate_interval": "5s"}

    def resolved(text):
        for name, value in values.items():
            text = text.replace(name, value)
        assert "$" not in text, f"a variable that nobody sets: {text}"
        return text

    empty = 0
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        found = ask(prometheus, f"label/{label}/values", **{"match[]": resolved(series)})
        print(f"{len(found):4}  variable {variable['name']}: {', '.join(found)}")
        empty += not found
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = resolved(target["expr"])
            # A histogram without samples in the interval answers NaN: that is no figure.
            result = [one for one in ask(prometheus, "query", query=query)["result"] if one["value"][1] != "NaN"]
            print(f"{len(result):4}  {panel['title']}: {query}")
            empty += not result
    if empty:
        sys.exit(f"{empty} queries return nothing")


main(*sys.argv[1:])
