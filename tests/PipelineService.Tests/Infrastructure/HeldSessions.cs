using Microsoft.Extensions.DependencyInjection;
using PipelineService.Write;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Write sessions of a service that a test has taken, so that no job can begin until it gives them back.</summary>
internal sealed class HeldSessions : IDisposable
{
    private readonly List<SessionReservation> _reservations = [];

    public static HeldSessions All(IServiceProvider services)
    {
        SessionBudget budget = services.GetRequiredService<SessionBudget>();
        HeldSessions held = new();
        while (budget.TryReserve(WishOf($"held_{held._reservations.Count}"), sessionsMax: 1, isReceiving: false) is { } reservation)
        {
            held._reservations.Add(reservation);
        }

        return held;
    }

    private static SessionWish WishOf(string name) => new(name, name, IsSmall: true);

    public void Dispose()
    {
        _reservations.ForEach(reservation => reservation.Dispose());
        _reservations.Clear();
    }
}
