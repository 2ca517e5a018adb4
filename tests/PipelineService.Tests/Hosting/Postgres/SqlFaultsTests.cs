using System.Net.Sockets;
using System.Reflection;
using System.Text.RegularExpressions;
using CsCheck;
using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Tests.Hosting.Postgres;

/// <summary>Whose fault an error is, by the codes that users of other importers have met, and for every code that can be.</summary>
public sealed class SqlFaultsTests
{
    private static readonly string[] Known = [.. typeof(PostgresErrorCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!)];

    private static readonly Gen<string> SqlStates = Gen.OneOf(
        Gen.Int[0, Known.Length - 1].Select(index => Known[index]),
        Gen.Char["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"].Array[5].Select(code => new string(code)));

    [Theory]
    [InlineData("22003", SqlFault.Row)]
    [InlineData("22P03", SqlFault.Statement)]
    [InlineData("22P05", SqlFault.Row)]
    [InlineData("23505", SqlFault.Row)]
    [InlineData("21000", SqlFault.Row)]
    [InlineData("09000", SqlFault.Row)]
    [InlineData("27000", SqlFault.Row)]
    [InlineData("38000", SqlFault.Row)]
    [InlineData("44000", SqlFault.Row)]
    [InlineData("54000", SqlFault.Row)]
    [InlineData("P0001", SqlFault.Row)]
    [InlineData("P0002", SqlFault.Row)]
    [InlineData("P0004", SqlFault.Row)]
    [InlineData("PT400", SqlFault.Row)]
    [InlineData("ZZ123", SqlFault.Row)]
    [InlineData("XX000", SqlFault.Row)]
    [InlineData("XX001", SqlFault.Statement)]
    [InlineData("08P01", SqlFault.Statement)]
    [InlineData("42501", SqlFault.Statement)]
    [InlineData("42P01", SqlFault.Statement)]
    [InlineData("0A000", SqlFault.Statement)]
    [InlineData("PL001", SqlFault.Statement)]
    [InlineData("25P02", SqlFault.Statement)]
    [InlineData("55P03", SqlFault.Busy)]
    [InlineData("57014", SqlFault.Busy)]
    [InlineData("40P01", SqlFault.Busy)]
    [InlineData("40001", SqlFault.Busy)]
    [InlineData("08001", SqlFault.Busy)]
    [InlineData("HV00N", SqlFault.Busy)]
    [InlineData("25006", SqlFault.Outage)]
    [InlineData("28P01", SqlFault.Outage)]
    [InlineData("3D000", SqlFault.Outage)]
    [InlineData("53100", SqlFault.Outage)]
    [InlineData("53300", SqlFault.Outage)]
    [InlineData("57P01", SqlFault.Outage)]
    [InlineData("57P03", SqlFault.Outage)]
    [InlineData("57P05", SqlFault.Outage)]
    [InlineData("58030", SqlFault.Outage)]
    public void Codes_are_sorted_by_who_is_to_blame(string sqlState, SqlFault expected) =>
        Assert.Equal(expected, SqlFaults.Of(sqlState));

    [Theory]
    [InlineData("08P01")]
    [InlineData("28P01")]
    [InlineData("XX000")]
    public void What_ends_the_session_is_an_outage_whatever_its_code(string sqlState) =>
        Assert.Equal(SqlFault.Outage, SqlFaults.Of(new PostgresException("gone", "FATAL", "FATAL", sqlState)));

    [Theory]
    [InlineData("57014", true)]
    [InlineData("55P03", false)]
    [InlineData("57P01", false)]
    public void A_time_limit_is_told_from_what_else_is_busy(string sqlState, bool isTimeLimit) =>
        Assert.Equal(isTimeLimit, SqlFaults.IsTimeLimit(new PostgresException("late", "ERROR", "ERROR", sqlState)));

    [Fact]
    public void A_time_limit_of_our_own_is_one_and_that_of_the_driver_is_an_outage()
    {
        Assert.True(SqlFaults.IsTimeLimit(new InvalidOperationException("wrapped", new TimeoutException())));
        Assert.False(SqlFaults.IsTimeLimit(new NpgsqlException("too slow", new TimeoutException())));
    }

    [Fact]
    public void No_code_is_without_a_place_and_the_patterns_for_SQL_say_the_same() =>
        SqlStates.Sample(
            code =>
            {
                Assert.Equal(SqlFaults.Of(code) != SqlFault.Row, Regex.IsMatch(code, SqlFaults.NoRowPattern));
                Assert.Equal(
                    SqlFaults.Of(code) is SqlFault.Busy or SqlFault.Outage, Regex.IsMatch(code, SqlFaults.PassingPattern));
                Assert.True(SqlFaults.Of(code) == SqlFault.Statement || !Regex.IsMatch(code, SqlFaults.OfSomeRowsPattern));
            },
            iter: 100_000,
            print: code => code);

    [Fact]
    public void The_drivers_own_faults_are_outages_but_for_a_pool_that_is_used_up()
    {
        Assert.Equal(SqlFault.Outage, SqlFaults.Of(new NpgsqlException("broken", new IOException())));
        Assert.Equal(SqlFault.Outage, SqlFaults.Of(new NpgsqlException("too slow", new TimeoutException())));
        Assert.Equal(SqlFault.Outage, SqlFaults.Of(new SocketException()));
        Assert.Equal(SqlFault.Outage, SqlFaults.Of(new InvalidOperationException("wrapped", new IOException())));
        Assert.Equal(
            SqlFault.Busy, SqlFaults.Of(new NpgsqlException("The connection pool has been exhausted", new TimeoutException())));
        Assert.Equal(SqlFault.Busy, SqlFaults.Of(new TimeoutException()));
        Assert.Null(SqlFaults.Of(new InvalidOperationException()));
        Assert.Null(SqlFaults.Of(new Polly.CircuitBreaker.BrokenCircuitException("open", new IOException())));
    }
}
