// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Isolated margin: section 9 of the specification
interface IBuckets {
    /// @notice Sets a market's position apart, with `amount` of cash, quote wad, as margin of its own. Rule B2.
    function isolate(address account, uint256 market, uint256 amount) external;

    /// @notice Puts an isolated position and its margin back to the rest of the account. Rule B3.
    function join(address account, uint256 market) external;

    /// @notice Moves cash into a bucket, or out of it where `amount`, quote wad, is negative. Rule B4.
    function moveMargin(address account, uint256 market, int256 amount) external;
}
