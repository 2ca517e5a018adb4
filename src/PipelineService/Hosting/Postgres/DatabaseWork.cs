using Npgsql;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Work with a connection, as the resilience pipelines run it. For them it is of one type, whatever comes of it: what they are made of is
/// compiled anew for each type of result that is a value, which was a tenth of all that a service compiled before it was ready.
/// </summary>
internal abstract class DatabaseWork
{
    public static DatabaseWork Of<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work) => new Typed<T>(work);

    public abstract Task<object?> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    private sealed class Typed<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work) : DatabaseWork
    {
        public override async Task<object?> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            await work(connection, cancellationToken);
    }
}
