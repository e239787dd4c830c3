// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Approvals that an account signs and anybody hands in: rules A5 to A7 of the specification
interface IDelegation {
    /// @notice Lets an operator act for an account that has signed so, or no longer. Rule A5.
    /// @param nonce the account's next. Rule A6.
    /// @param deadline the last second at which it counts, Unix seconds
    /// @param signature of `SetOperator(account, operator, approved, nonce, deadline)`. Rule A7.
    function setOperatorBySignature(
        address account,
        address operator,
        bool approved,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Has the caller's next `count` nonces count for nothing, whatever was signed with them. Rule A6.
    function burnNonces(uint32 count) external;

    /// @return the nonce that the account's next signature needs. Rule A6.
    function nonces(address account) external view returns (uint256);

    /// @notice What signatures are bound to, as ERC-5267 says it. Rule A7.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}
