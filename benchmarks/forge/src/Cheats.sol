// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The few of forge's cheatcodes that the benchmark needs.
interface Cheats {
    /// @notice The next call or creation comes from `sender`.
    function prank(address sender) external;

    /// @notice Sets the time of the present block and of those that follow.
    function warp(uint256 timestamp) external;

    /// @notice Sets an account's nonce, from which the address of what it creates next follows.
    function setNonceUnsafe(address account, uint64 nonce) external;

    /// @notice Sets an account's ether, in wei.
    function deal(address account, uint256 balance) external;

    /// @notice The bytes of a file.
    function readFileBinary(string calldata path) external view returns (bytes memory data);
}

Cheats constant CHEATS = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
