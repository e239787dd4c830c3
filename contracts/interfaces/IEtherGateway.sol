// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ether in and out as margin: section 19 of the specification
interface IEtherGateway {
    /// @notice Ether that nobody asked for is not taken. Rule E5.
    error EtherNotAccepted(address from);

    /// @notice The account did not take its ether, in wei. Rule E4.
    error EtherNotDelivered(address account, uint256 amount);

    event EtherDeposited(address indexed account, address indexed from, uint256 amount);
    event EtherWithdrawn(address indexed account, uint256 amount);

    /// @notice Deposits what is sent along as margin of the account. Rule E3.
    function depositEther(address account) external payable;

    /// @notice Withdraws margin of the account, to itself, as ether. Rule E4.
    /// @param amount wei, units of the collateral likewise
    function withdrawEther(address account, uint256 amount) external;

    /// @return the engine that deposits go to
    function engine() external view returns (address);

    /// @return the number of the collateral that wraps ether
    function collateral() external view returns (uint256);

    /// @return the token of that collateral
    function wrappedEther() external view returns (address);
}
