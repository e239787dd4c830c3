// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

/// @title The engine's address
/// @dev Rule U1. Everything that the engine stores is stored here, and nothing else is here: what runs is
/// `MarginEngine`, or whatever took its place since (`Upgrades`).
contract EngineProxy is ERC1967Proxy {
    /// @param implementation a deployed `MarginEngine`
    /// @param initialization the call of `initialize`: in the same transaction, so that nobody comes first. Rule U2.
    constructor(address implementation, bytes memory initialization) ERC1967Proxy(implementation, initialization) {}
}
