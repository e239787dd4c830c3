// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The part of Chainlink's aggregator interface that the engine relies on.
interface IAggregatorV3 {
    /// @return decimals of the answers
    function decimals() external view returns (uint8);

    /// @return what the answer is a price of
    function description() external view returns (string memory);

    /// @return version of the aggregator
    function version() external view returns (uint256);

    /// @return roundId number of the round
    /// @return answer price in the feed's decimals
    /// @return startedAt when the round began, Unix seconds
    /// @return updatedAt when the answer was set, Unix seconds
    /// @return answeredInRound round in which the answer was computed
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
