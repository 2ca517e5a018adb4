using Npgsql;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// Holds loads into a table at one row: the table's trigger waits for a lock that the test holds until it opens the gate.
/// </summary>
internal sealed class LoadGate : IAsyncDisposable
{
    private readonly NpgsqlConnection _holder;

    private LoadGate(NpgsqlConnection holder) => _holder = holder;

    /// <param name="table">A table with a column id; its name is the lock's, too.</param>
    /// <param name="id">Rows from this id on wait.</param>
    public static async Task<LoadGate> CloseAsync(TestDatabase database, string table, long id)
    {
        await database.ExecuteAsync(
            $"""
            CREATE FUNCTION public.gate_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id >= {id} THEN PERFORM pg_advisory_xact_lock_shared(hashtext('{table}')); END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER gate BEFORE INSERT ON public.{table} FOR EACH ROW EXECUTE FUNCTION public.gate_{table}()
            """);
        NpgsqlConnection holder = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand hold = new($"SELECT pg_advisory_lock(hashtext('{table}'))", holder);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new LoadGate(holder);
    }

    /// <summary>Lets the rows pass.</summary>
    public async Task OpenAsync()
    {
        await using NpgsqlCommand release = new("SELECT pg_advisory_unlock_all()", _holder);
        await release.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _holder.DisposeAsync();
}
