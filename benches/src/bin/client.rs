//! `client <item> <who> <count> <socket>`: does the work, and prints what it cost.

use anyhow::Result;
use dockerclient_benches::work;

fn main() -> Result<()> {
    work::main(|| None)
}
