// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title How many are listed: section 3 of the specification
interface IParameters {
    /// @return number of markets
    function marketCount() external view returns (uint256);

    /// @return number of collaterals, the settlement token included
    function collateralCount() external view returns (uint256);
}
