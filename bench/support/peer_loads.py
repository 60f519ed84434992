"""Loads of a CSV file into PostgreSQL with the Python libraries of others.

Usage: peer_loads.py <dlt|pandas> <insert|upsert> <csv> <table> <connection URL>
"""

import sys


def load_with_dlt(mode: str, csv: str, table: str, url: str) -> None:
    import os
    import tempfile

    import dlt
    from pyarrow import csv as arrow_csv

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

    def rows():
        with arrow_csv.open_csv(csv, read_options=arrow_csv.ReadOptions(block_size=16 << 20)) as reader:
            for batch in reader:
                yield batch

    how = {"write_disposition": {"disposition": "merge", "strategy": "upsert"}, "primary_key": "id"} if mode == "upsert" else {"write_disposition": "append"}
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            pipeline_name=table,
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(credentials=url),
            dataset_name="public",
        )
        pipeline.run(rows(), table_name=table, loader_file_format="csv", **how)


def load_with_pandas(mode: str, csv: str, table: str, url: str) -> None:
    import io

    import pandas
    import psycopg2

    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    target = table
    if mode == "upsert":
        target = "staged"
        cursor.execute(f"CREATE TEMP TABLE staged (LIKE {table})")
    for number, chunk in enumerate(pandas.read_csv(csv, chunksize=100_000)):
        columns = ", ".join(chunk.columns)
        if number == 0 and mode == "insert":
            types = {"int64": "bigint", "float64": "double precision"}
            listed = ", ".join(f"{name} {types.get(str(kind), 'text')}" for name, kind in chunk.dtypes.items())
            cursor.execute(f"CREATE TABLE {table} ({listed})")
        text = io.StringIO()
        chunk.to_csv(text, index=False, header=False)
        text.seek(0)
        cursor.copy_expert(f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)", text)
    if mode == "upsert":
        cursor.execute(f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND column_name <> 'id'")
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for (name,) in cursor.fetchall())
        cursor.execute(f"INSERT INTO {table} SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET {sets}")
    connection.commit()


if __name__ == "__main__":
    tool, *rest = sys.argv[1:]
    {"dlt": load_with_dlt, "pandas": load_with_pandas}[tool](*rest)
