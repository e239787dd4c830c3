// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Money in, money out: section 6 of the specification
interface ILedger {
    /// @notice Pulls `units` from the caller into the account. Rule L1.
    function deposit(address account, uint256 collateral, uint256 units) external;

    /// @notice Pays `units` out of the account, to the account. Rule L2.
    function withdraw(address account, uint256 collateral, uint256 units) external;

    /// @notice Turns the value of a position into cash, or margin of an isolated market, at the mark. Rules L6, B5.
    function settle(address account, uint256 market) external;

    /// @notice Writes down what funding has fallen due in a market. Rule F3.
    function accrueFunding(uint256 market) external;

    /// @notice Pulls `units` of the settlement token from the caller into the insurance fund. Rule L7.
    function fundInsurance(uint256 units) external;

    /// @notice Pays `units` of the settlement token out of the fees. Rule L9.
    function collectFees(address to, uint256 units) external;

    /// @return quote wad of the insurance fund. Rule L8.
    function insurance() external view returns (uint256);

    /// @return quote wad of trading fees not yet collected. Rules T5, L9.
    function fees() external view returns (uint256);

    /// @return quote wad of losses that nobody has paid. Rules L8, Q7.
    function badDebt() external view returns (uint256);
}
