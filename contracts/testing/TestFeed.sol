// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";

/// @title A feed that answers what its publisher wants, in the way that its publisher wants
contract TestFeed is IAggregatorV3 {
    uint256 public constant ANSWERS = 0;
    uint256 public constant REVERTS = 1;
    uint256 public constant EATS_GAS = 2;
    uint256 public constant ANSWERS_TOO_LITTLE = 3;

    address public immutable publisher;
    uint8 public immutable decimals;

    int192 private _answer;
    uint64 private _updatedAt;
    uint80 private _round;
    uint8 public mode;

    modifier onlyPublisher() {
        require(msg.sender == publisher, "only the publisher");
        _;
    }

    /// @param answer in the feed's decimals, must fit `int192`
    /// @param updatedAt Unix seconds, must fit `uint64`
    constructor(address publisher_, uint8 decimals_, int256 answer, uint256 updatedAt) {
        publisher = publisher_;
        decimals = decimals_;
        _publish(answer, updatedAt);
    }

    /// @notice Begins a round with any answer and any time.
    /// @param answer in the feed's decimals, must fit `int192`
    /// @param updatedAt Unix seconds, must fit `uint64`
    function publish(int256 answer, uint256 updatedAt) external onlyPublisher {
        _publish(answer, updatedAt);
    }

    /// @notice Chooses how `latestRoundData` behaves: one of the constants above.
    function setMode(uint8 mode_) external onlyPublisher {
        require(mode_ <= ANSWERS_TOO_LITTLE, "unknown mode");
        mode = mode_;
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (mode != ANSWERS) _misbehave();
        return (_round, _answer, _updatedAt, _updatedAt, _round);
    }

    /// @inheritdoc IAggregatorV3
    function description() external pure returns (string memory) {
        return "test feed";
    }

    /// @inheritdoc IAggregatorV3
    function version() external pure returns (uint256) {
        return 1;
    }

    function _publish(int256 answer, uint256 updatedAt) private {
        require(int192(answer) == answer && uint64(updatedAt) == updatedAt, "out of range");
        _answer = int192(answer);
        _updatedAt = uint64(updatedAt);
        ++_round;
    }

    /// @dev Assembly, because Solidity writes none of these three endings by itself: a revert without a reason, the
    /// invalid opcode, and a reply shorter than its type.
    function _misbehave() private view {
        uint256 chosen = mode;
        assembly ("memory-safe") {
            switch chosen
            case 1 { revert(0x00, 0x00) }
            case 2 { invalid() }
            default { return(0x00, 0x40) }
        }
    }
}
