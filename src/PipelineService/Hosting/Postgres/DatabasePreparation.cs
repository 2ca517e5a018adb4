using Npgsql;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// What has to be done once with a database that has just been reached, before any stage uses it. Preparations run in
/// the order in which they are registered, and are repeated when the connection breaks.
/// </summary>
/// <exception cref="StartupException">The database cannot be used; the message says what to do.</exception>
internal delegate Task DatabasePreparation(NpgsqlConnection connection, CancellationToken cancellationToken);
