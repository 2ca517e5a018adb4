namespace PipelineService.Hosting.Postgres;

/// <summary>
/// A token for the database driver, whose cancellation nobody else has to suffer from. When a connection breaks at the moment
/// at which its statement is cancelled, Npgsql 10.0 throws in the callback of the token (an <see cref="ObjectDisposedException"/>
/// of the event that it waits for; npgsql/npgsql#6415 is the same race elsewhere). Whoever cancels would get that exception: a
/// job on its way out skips what it has to give back, and a timer takes the process along.
/// </summary>
public sealed class CancellationShield : IDisposable
{
    private readonly CancellationTokenSource _inner = new();
    private readonly CancellationTokenRegistration _registration;

    /// <param name="outer">Cancelling it cancels <see cref="Token"/>, and never throws.</param>
    public CancellationShield(CancellationToken outer) =>
        _registration = outer.UnsafeRegister(static inner => Cancel((CancellationTokenSource)inner!), _inner);

    public CancellationToken Token => _inner.Token;

    /// <summary>Waits for a cancellation that is under way.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        _inner.Dispose();
    }

    private static void Cancel(CancellationTokenSource inner)
    {
        try
        {
            inner.Cancel();
        }
        catch (AggregateException)
        {
            // The statement is told all the same: its connection is broken.
        }
    }
}
