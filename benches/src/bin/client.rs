//! `client <item> <client> <count> <socket>`: runs one benchmark, and prints its cost as JSON.

use anyhow::Result;
use dockerclient_benches::work;

fn main() -> Result<()> {
    work::main(|| None)
}
