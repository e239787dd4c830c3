// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice When orders may be executed and taken back. Rule D3.
/// @param minimumDelay seconds from a request until its order may be executed, at least
/// @param binding seconds from then on in which its owner cannot take it back
/// @param maximumLifetime seconds from a request until its order expires, at most
struct OrderParameters {
    uint32 minimumDelay;
    uint32 binding;
    uint32 maximumLifetime;
}

/// @notice An order, in two slots. Rule D2.
/// @param size base wad, positive to buy; zero where there is no order
/// @param limitPrice quote wad: the highest at which it buys, the lowest at which it sells
/// @param requestedAt Unix seconds
/// @param executableFrom the first second at which it may be executed
/// @param expiresAt the last one
struct Order {
    int128 size;
    uint128 limitPrice;
    uint64 requestedAt;
    uint64 executableFrom;
    uint64 expiresAt;
}

/// @title Orders in two steps: section 17 of the specification
interface IOrders {
    /// @notice The account has an order in the market already. Rule D4.
    error OrderPending(address account, uint256 market);

    /// @notice The delay is too short, or delay and window together too long, both in seconds. Rule D4.
    error InvalidWindow(uint256 delay, uint256 window);

    /// @notice The account has no order in the market. Rules D5, D7.
    error NoOrder(address account, uint256 market);

    /// @notice It is too early to execute the order. Rule D5.
    error OrderNotExecutable(uint256 executableFrom);

    /// @notice It is too late to execute the order. Rule D5.
    error OrderExpired(uint256 expiresAt);

    /// @notice The market's mark cannot be used now. Rule D6.
    error MarkUnusable(uint256 market, uint256 status);

    /// @notice The feed's answer is no later than the request. Rule D6.
    error PriceKnown(uint256 updatedAt, uint256 requestedAt);

    /// @notice The mark is beyond the limit of the order, both in quote wad. Rule D6.
    error LimitPassed(uint256 price, uint256 limitPrice);

    /// @notice Its owner cannot take the order back before `until`. Rule D7.
    error OrderBinding(uint256 until);

    event OrderRequested(
        address indexed account,
        uint256 indexed market,
        int128 size,
        uint128 limitPrice,
        uint64 executableFrom,
        uint64 expiresAt
    );
    event OrderExecuted(
        address indexed account, uint256 indexed market, address indexed counterparty, int128 size, uint256 price
    );
    event OrderCancelled(address indexed account, uint256 indexed market);

    /// @notice Leaves an order, to be executed at a price that is not known yet. Rule D4.
    /// @param size base wad, positive to buy
    /// @param limitPrice quote wad
    /// @param delay seconds from now until it may be executed
    /// @param window seconds from then on until it expires
    function request(address account, uint256 market, int128 size, uint128 limitPrice, uint32 delay, uint32 window)
        external;

    /// @notice Executes an order at the mark, with the counterparty on the other side. Rules D5, D6.
    function execute(address account, uint256 market, address counterparty) external;

    /// @notice Takes an order back, or clears one that has expired. Rule D7.
    function cancel(address account, uint256 market) external;

    /// @return order all zeros where there is none
    function orderOf(address account, uint256 market) external view returns (Order memory order);

    /// @return parameters when orders may be executed and taken back
    function orderParameters() external view returns (OrderParameters memory parameters);

    /// @return the engine that executions trade in
    function engine() external view returns (address);
}
