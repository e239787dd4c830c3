// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Breaker, OutflowLimit, PauseParameters} from "../Types.sol";

/// @title What stops, and who sets it: section 15 of the specification
interface IGuardian {
    /// @notice Changes the breaker of a market. Rule S1.
    function setBreaker(uint256 market, Breaker calldata breaker) external;

    /// @notice Lets a market only shrink, or grow again. Rule S4.
    function setReduceOnly(uint256 market, bool reduceOnly) external;

    /// @notice Changes how much of a collateral may leave. Rules S2, S9.
    function setOutflowLimit(uint256 collateral, OutflowLimit calldata limit) external;

    /// @notice Changes how long a guardian may pause. Rule S3.
    function setPauseParameters(PauseParameters calldata parameters) external;

    /// @notice Stops all that adds risk, what leaves, and liquidations, for a time. Rules S7, S8.
    /// @param duration seconds
    function pause(uint256 duration) external;

    /// @notice Ends a pause; its grace begins. Rule S7.
    function unpause() external;
}
