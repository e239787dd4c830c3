// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Who is called when tokens move
interface ITokenHolder {
    /// @notice Tokens of the caller's are about to leave, or have just arrived.
    function tokensMove() external;
}
