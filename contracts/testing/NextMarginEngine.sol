// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarginEngine} from "../MarginEngine.sol";

/// @title What a next implementation adds: a note that an account leaves for whoever reads it
contract Notes {
    /// @notice What an account has noted of itself.
    mapping(address account => bytes32 note) public noteOf;

    /// @notice Notes something of the caller.
    function setNote(bytes32 note) external {
        noteOf[msg.sender] = note;
    }
}

/// @title A next implementation, for upgrades in the middle of a history
/// @dev The engine as it was, and something stored behind all that the engine stores. Rule U4.
contract NextMarginEngine is MarginEngine, Notes {
    /// @param views a deployed `Views`
    constructor(address views) MarginEngine(views) {}
}
