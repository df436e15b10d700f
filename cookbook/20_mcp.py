"""A notebook in the sandbox as tools for any MCP client: here the SDK's own.

Run it: python cookbook/20_mcp.py

Claude Desktop, editors and agent frameworks start the same server from their settings:
    {"command": "tracegraph", "args": ["serve", "mcp", "--env", "notebook", "--file", "sales.csv"]}

Needs: pip install 'tracegraph[mcp,notebook]'
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters

SALES = """month,region,amount
1,north,120
1,south,80
2,north,150
2,south,60
3,north,170
3,south,40
"""
CELLS = [
    "import pandas as pd\nsales = pd.read_csv('sales.csv')\nsales.groupby('region').amount.sum()",
    "sales.pivot(index='month', columns='region', values='amount').plot(title='Sales')",
    "sales.amount.mode()[99]",
]


async def ask(table):
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("tracegraph")),
        args=["serve", "mcp", "--env", "notebook", "--file", str(table)],
    )
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        print("tools: " + ", ".join(tool.name for tool in tools))
        for cell in CELLS:
            print(f"\n>>> {cell.splitlines()[-1]}")
            answer = await client.call_tool("run_cell", {"code": cell})
            for part in answer.content:
                shown = part.text if part.type == "text" else f"[{part.mime_type}]"
                print(shown.strip())


def main():
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "sales.csv")
        table.write_text(SALES)
        asyncio.run(ask(table))


if __name__ == "__main__":
    main()
