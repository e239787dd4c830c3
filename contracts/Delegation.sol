// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Parameters} from "./Parameters.sol";
import {IDelegation} from "./interfaces/IDelegation.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Approvals that an account signs and anybody hands in
/// @dev Rules A5 to A7. The domain is reckoned anew for each signature: this code runs at the engine's address, and a chain
/// that splits has another number from then on.
abstract contract Delegation is Parameters, IDelegation {
    string private constant NAME = "Underwater margin engine";
    string private constant VERSION = "1";

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    bytes32 private constant SET_OPERATOR_TYPEHASH =
        keccak256("SetOperator(address account,address operator,bool approved,uint256 nonce,uint256 deadline)");

    /// @inheritdoc IDelegation
    /// @dev Rule A5.
    function setOperatorBySignature(
        address account,
        address operator,
        bool approved,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        Account storage self = _accounts[account];
        if (nonce != self.nonce) revert InvalidAccountNonce(account, self.nonce);
        bytes32 digest = _digest(account, operator, approved, nonce, deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) {
            revert InvalidSignature(account);
        }
        self.nonce = nonce + 1;
        self.operators[operator] = approved;
        emit OperatorSet(account, operator, approved);
    }

    /// @inheritdoc IDelegation
    /// @dev Rule A6.
    function burnNonces(uint32 count) external {
        if (count == 0) revert ZeroAmount();
        uint256 nonce = _accounts[msg.sender].nonce + count;
        _accounts[msg.sender].nonce = nonce;
        emit NoncesBurned(msg.sender, nonce);
    }

    /// @inheritdoc IDelegation
    function nonces(address account) external view returns (uint256) {
        return _accounts[account].nonce;
    }

    /// @inheritdoc IDelegation
    /// @dev Rule A7. The four fields that are there are the lowest four bits.
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
        )
    {
        return (hex"0f", NAME, VERSION, block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /// @dev Rule A7: what is signed.
    function _digest(address account, address operator, bool approved, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(SET_OPERATOR_TYPEHASH, account, operator, approved, nonce, deadline))
        );
    }
}
